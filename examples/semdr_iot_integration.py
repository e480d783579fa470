"""Measured data into a study: fetch from the store, transform, validate, plan with it.

`SEMDR_CONFIG_PATH` names the site file whose store is read; `--store FOLDER` names the state
directory itself, `--until` the end of the hours looked at and `--device` the meter. Gaps stay gaps:
where the meter was silent the study says so and stops.
"""
# ruff: noqa: T201 - an example talks to its reader

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timedelta

from edge_agent.study import NoReadingsError, SEMDRIoTManager
from models import CaseStudy, Scenario, SEMDRIoTIntegration, StudyError
from models.components import SEMDRBattery, SEMDRElectricDemand, SEMDRGrid, SEMDRMain

HOURS = 6


def main() -> int:
    """0 with a plan, 1 when the readings do not allow one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", help="state directory of the gateway")
    parser.add_argument("--device", default="smart_meter_001")
    parser.add_argument("--until", required=True, help="ISO time with its zone")
    options = parser.parse_args()
    end = datetime.fromisoformat(options.until)

    manager = SEMDRIoTManager(store=options.store)
    if not manager.connected:
        print(f"no readings: {manager.why_not}", file=sys.stderr)
        return 1
    try:
        data = manager.fetch_device_data(
            options.device, end - timedelta(hours=HOURS), end, ["power"]
        )
    except NoReadingsError as error:
        print(f"no readings: {error}", file=sys.stderr)
        return 1
    print(f"{len(data)} readings of {options.device}")

    wide = SEMDRIoTIntegration.transform_iot_to_draf(data, target_frequency="5min")
    demand = SEMDRElectricDemand(demand_flexibility=0.08, iot_device_id=options.device)
    check = SEMDRIoTIntegration.validate_iot_data(wide, {"expected_fields": ["power", "timestamp"]})
    print(f"valid: {check['valid']}, {check['data_quality']}")
    if not check["valid"]:
        return 1

    cs = CaseStudy(name="measured", freq="5min")
    cs.set_time_horizon(start=wide.index[0], steps=len(wide))
    sc = Scenario(cs=cs, name="with_battery")
    sc.add_component(demand)
    sc.add_component(SEMDRBattery(E_CAPx=250, battery_monitor_id="battery_bms_001"))
    sc.add_component(SEMDRGrid(selected_tariff="RTP", smart_meter_id=options.device))
    sc.add_component(SEMDRMain())
    sc.components[0].p_el = wide["power"]
    try:
        result = sc.solve()
    except StudyError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{result.status}: {result.objective:.2f} EUR")
    print(result.kpis[["reference", "value"]].round(2).to_string())
    return 0


if __name__ == "__main__":
    sys.exit(main())
