"""The page in the browser that identifies spectra, and the report of one sample.

What belongs here: the local server, its files, the HTML of a report. What does not: identifying
(see `learning.identification`), the page of all results (see `report_index`).
"""
