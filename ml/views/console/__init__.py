"""What the console asks, a file a page. Each question is bounded: so many models, batches or rows, never all of them.

Unlike the other views, which go through all records of one model with a reader's memory, these read a few rows by an
index: a web server shows hundreds of models and must stay small.
"""
