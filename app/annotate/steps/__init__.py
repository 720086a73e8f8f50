"""What a worker goes through before the first trial: a step a file; `app.annotate.way` puts them in order."""
