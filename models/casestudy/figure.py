"""The picture of a table: power at the bus, stores, prices. matplotlib is imported here only."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pandas as pd

from models.casestudy.errors import StudyError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INTO = ("P_EG_buy_T", "P_PV_total_T", "P_BES_out_T")
_OUT = ("P_eDem_actual_T", "P_HVAC_heat_T", "P_HVAC_cool_T", "P_BES_in_T", "P_EG_sell_T")


def picture(table: pd.DataFrame, title: str) -> Figure:
    """Three panels over one time axis; nothing is shown or saved."""
    try:
        figures = import_module("matplotlib.figure")
    except ImportError as error:
        raise StudyError(
            "plot", "matplotlib is not installed", "install semdr-edge[study]"
        ) from error
    figure: Figure = figures.Figure(figsize=(10, 8), layout="constrained")
    power, store, price = figure.subplots(3, 1, sharex=True, height_ratios=(3, 2, 1))
    when = table.index.tz_localize(None).to_numpy()
    for name, sign in (*((name, 1.0) for name in _INTO), *((name, -1.0) for name in _OUT)):
        if name in table and table[name].abs().max() > 0:
            power.step(when, sign * table[name].to_numpy(), where="post", label=name)
    power.set_ylabel("kW, production up")
    rooms = store.twinx()
    for axes, start, unit in (
        (store, "SOC_BES", "state of charge, %"),
        (rooms, "T_", "room, degC"),
    ):
        for name in (each for each in table.columns if each.startswith(start)):
            axes.plot(
                when, table[name].to_numpy(), label=name, linestyle="-" if axes is store else "--"
            )
        axes.set_ylabel(unit)
    price.step(when, table["c_EG_T"].to_numpy(), where="post", label="c_EG_T")
    price.set_ylabel("EUR/kWh")
    for axes, place in ((power, "upper right"), (store, "upper left"), (rooms, "upper right")):
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc=place, fontsize="small")
    figure.suptitle(title)
    return figure
