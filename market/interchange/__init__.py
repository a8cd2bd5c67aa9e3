"""Open interchange: the catalogue as DCAT-AP, offers as ODRL, records that travel with their digest, TM Forum views."""
