"""Location of localities and specimens, from text, maps and geocoders."""
