"""Geocoders: the offline gazetteer, the online services, and their cache."""
