"""Where a specimen comes from: locality text to class, country and coordinates.

What belongs here: cleaning and classifying localities, gazetteers and geocoders,
country polygons, and the decision between candidates. What does not: spectra,
learning, orchestration.
"""
