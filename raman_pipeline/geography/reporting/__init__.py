"""What is reported of locations: tables, the comparison of strategies, Darwin Core."""
