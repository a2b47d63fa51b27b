"""The console: an API over `ml.views` and the files of a page that Airflow's own web UI shows."""
