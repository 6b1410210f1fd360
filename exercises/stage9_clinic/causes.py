"""What is wrong in each case: one of the short names in README.md, between the quotation marks."""

CAUSES = {
    "scoreboard": "",
    "journal": "",
    "room": "",
    "dictionary": "",
    "survey": "",
    "timetable": "",
    "news": "",
    "beacon": "",
    "visits": "",
    "catalogue": "",
}
