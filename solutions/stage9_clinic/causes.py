"""What is wrong in each case: one of the short names in README.md, between the quotation marks."""

CAUSES = {
    ### BEGIN SOLUTION Step 1: the cause
    ### STARTER "scoreboard": "",
    "scoreboard": "chunk",
    ### END SOLUTION
    ### BEGIN SOLUTION Step 2: the cause
    ### STARTER "journal": "",
    "journal": "sleep",
    ### END SOLUTION
    ### BEGIN SOLUTION Step 3: the cause
    ### STARTER "room": "",
    "room": "accept",
    ### END SOLUTION
    ### BEGIN SOLUTION Step 4: the cause
    ### STARTER "dictionary": "",
    "dictionary": "one-side",
    ### END SOLUTION
    ### BEGIN SOLUTION Step 5: the cause
    ### STARTER "survey": "",
    "survey": "order",
    ### END SOLUTION
    ### BEGIN SOLUTION Step 6: the cause
    ### STARTER "timetable": "",
    "timetable": "shared",
    ### END SOLUTION
    ### BEGIN SOLUTION Step 7: the cause
    ### STARTER "news": "",
    "news": "late",
    ### END SOLUTION
    ### BEGIN SOLUTION Step 8: the cause
    ### STARTER "beacon": "",
    "beacon": "outlives",
    ### END SOLUTION
    ### BEGIN SOLUTION Step 9: the cause
    ### STARTER "visits": "",
    "visits": "pool",
    ### END SOLUTION
    ### BEGIN SOLUTION Step 10: the cause
    ### STARTER "catalogue": "",
    "catalogue": "limit",
    ### END SOLUTION
}
