# Airflow 3.3 with Evergreen: one image for all services of docker-compose.yaml.
#   docker build -t evergreen .
ARG AIRFLOW=apache/airflow:slim-3.3.2-python3.12

FROM ${AIRFLOW} AS wheel
COPY --chown=airflow:0 pyproject.toml README.md LICENSE /tmp/evergreen/
COPY --chown=airflow:0 requirements/library.in /tmp/evergreen/requirements/library.in
COPY --chown=airflow:0 ml /tmp/evergreen/ml
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /tmp/wheels /tmp/evergreen

FROM ${AIRFLOW}
# What changes seldom comes first: the pinned packages, then our own.
COPY --chown=airflow:0 requirements.txt /tmp/requirements.txt
RUN pip install --no-cache-dir -r /tmp/requirements.txt
COPY --from=wheel /tmp/wheels /tmp/wheels
RUN pip install --no-cache-dir --no-deps /tmp/wheels/*.whl
COPY --chown=airflow:0 config /opt/airflow/config
COPY --chown=airflow:0 plugins /opt/airflow/plugins
COPY --chown=airflow:0 dags /opt/airflow/dags
# The artifact store, to be mounted; the image's user must own it. 50000 is the user `airflow` of the official image.
USER root
RUN install -d -o 50000 -g 0 -m 0770 /opt/evergreen /opt/evergreen/artifacts /opt/evergreen/data
USER airflow
ENV EVERGREEN_HOME=/opt/evergreen \
    EVERGREEN_ARTIFACTS_URL=/opt/evergreen/artifacts \
    EVERGREEN_DATA_ROOT=/opt/evergreen \
    EVERGREEN_MODELS_DIR=/opt/airflow/dags/models \
    OMP_NUM_THREADS=2
