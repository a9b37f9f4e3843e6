"""What is concluded from text, maps and geocoders: the location of a locality or specimen."""
