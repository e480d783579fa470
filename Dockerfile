# Image for 64-bit machines, amd64 and arm64. Everything that lasts stands in /data: the site file
# (site.yaml, written there with `init /data/site.yaml`) and what the gateway keeps.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/semdr-edge
ENV PATH=/opt/semdr-edge/bin:$PATH
WORKDIR /src
COPY constraints/run.txt constraints/dev.txt constraints/
RUN pip install --only-binary=:all: --require-hashes -r constraints/run.txt
COPY pyproject.toml README.md LICENSE LICENSE.GPL ./
COPY drivers/ drivers/
COPY models/ models/
COPY edge_agent/ edge_agent/
COPY examples/ examples/
# The build tools come by the hashes of the development pins, into a place pip throws away.
RUN pip wheel --no-deps --build-constraint constraints/dev.txt --wheel-dir /wheels . \
    && pip install --no-index --no-deps /wheels/*.whl

FROM python:3.11-slim
COPY --from=build /opt/semdr-edge /opt/semdr-edge
ENV PATH=/opt/semdr-edge/bin:$PATH SEMDR_CONFIG_PATH=/data/site.yaml PYTHONNODEBUGRANGES=1
# The default state_dir of a site file leads into the volume.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin semdr \
    && install --directory --owner=semdr --group=semdr --mode=0700 /data \
    && ln -s /data /var/lib/semdr-edge
USER 10001
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=60s --timeout=15s --start-period=120s --retries=3 \
    CMD ["semdr-edge", "status", "--json", "--state-dir", "/data"]
ENTRYPOINT ["semdr-edge"]
CMD ["run", "/data/site.yaml"]
