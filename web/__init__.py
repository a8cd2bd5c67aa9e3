"""The floor that knows everybody: pages, API, jobs and commands across the packages."""
