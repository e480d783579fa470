"""The study API: parts of a site, scenarios of a case study, results with their assumptions."""
