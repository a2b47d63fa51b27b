"""Evergreen: keeps machine-learning models fresh. This package never imports Airflow."""
