"""Who is asked for coordinates: the offline gazetteer, online services, and their cache."""
