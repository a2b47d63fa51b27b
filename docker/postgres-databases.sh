#!/bin/sh
# Run once by the PostgreSQL image, on an empty data folder: three databases, each with an owner of its own, none of whom may
# connect to another's. Airflow's, Evergreen's records, and the results of Celery's tasks (which every worker must reach).
set -eu

make_database() { # name and owner, password
	psql --set ON_ERROR_STOP=1 --set name="$1" --set password="$2" --username "$POSTGRES_USER" --dbname postgres <<-'SQL'
		CREATE ROLE :"name" LOGIN PASSWORD :'password';
		CREATE DATABASE :"name" OWNER :"name";
		REVOKE CONNECT, TEMPORARY ON DATABASE :"name" FROM PUBLIC;
	SQL
}

make_database airflow "$AIRFLOW_DB_PASSWORD"
make_database evergreen "$EVERGREEN_DB_PASSWORD"
make_database celery "$CELERY_DB_PASSWORD"
