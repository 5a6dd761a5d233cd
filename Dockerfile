# One image per service: docker build --build-arg SERVICE=ticketing -t deskstream-ticketing .
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS build
ARG SERVICE
RUN python -m venv /opt/deskstream \
    && /opt/deskstream/bin/pip install --no-cache-dir uv==0.13.9
ENV VIRTUAL_ENV=/opt/deskstream UV_NO_CACHE=1
WORKDIR /src
COPY requirements.lock ./
RUN /opt/deskstream/bin/uv pip install --require-hashes -r requirements.lock
COPY libs libs
COPY services/${SERVICE} services/${SERVICE}
RUN test -n "${SERVICE}" \
    && /opt/deskstream/bin/uv pip install --no-deps --no-build-isolation \
        ./libs/events ./libs/eventstore ./libs/chassis "./services/${SERVICE}"

FROM ${BASE}
ARG SERVICE
RUN groupadd --gid 10001 deskstream \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin deskstream \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/deskstream/files /var/lib/deskstream/keys
COPY --from=build /opt/deskstream /opt/deskstream
ENV PATH=/opt/deskstream/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DESKSTREAM_SERVICE=${SERVICE}
USER 10001:10001
WORKDIR /var/lib/deskstream
# api | worker | all | migrate | ops …
ENTRYPOINT ["/bin/sh", "-c", "exec python -m \"$DESKSTREAM_SERVICE\" \"$@\"", "deskstream"]
CMD ["all"]
