"""Cost surveys: what operating cost a ceiling may be built on."""
