"""Geographic data: country and division polygons, populated places, distances on the sphere."""
