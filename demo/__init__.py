"""The demo: a simulated year, an Airflow of its own without Docker, and a live view of both."""
