-- The marketplace keeps its rows in a database of its own: PostgreSQL's image makes it beside the study's, once.
CREATE DATABASE marketplace OWNER earwitness;
