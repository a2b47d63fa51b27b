"""Codes of data validation: what can be wrong with a source, and with a batch."""

from __future__ import annotations

from collections.abc import Mapping

from ml.domain.code import Code
from ml.domain.findings import Finding, Outcome, Severity

DATA_VALIDATION: Mapping[str, Code] = {
    # What a source gives: found before there is a snapshot.
    "DV001": Code(
        "empty file",
        "A file has no content at all: usually a write that was cut off.",
        "write the file again, under another name first, and rename it when it is whole.",
    ),
    "DV002": Code(
        "file without rows",
        "A CSV file has a header and nothing else. It adds no rows.",
        "check whether its producer had nothing to write or failed.",
    ),
    "DV003": Code(
        "window without rows",
        "The source has no row in the window.",
        "check that the data has arrived, and that time.column and time.zone are right.",
    ),
    "DV004": Code(
        "rows with more or fewer fields than the header",
        "One field too many shifts every value behind it into another column; too few leave values out. Nothing of "
        "the file "
        "is used.",
        "quote fields that contain the delimiter, set source.delimiter, or write the named lines again.",
    ),
    "DV005": Code(
        "column name twice, or none",
        "Two columns have the same name or a column has none, so that nobody knows which is meant.",
        "give every column a name of its own (pandas writes a nameless first column without index=False).",
    ),
    "DV006": Code(
        "NUL bytes",
        "A text file contains NUL bytes: it is binary, UTF-16, or was torn by a crash.",
        "write the file again, as UTF-8 text.",
    ),
    "DV007": Code(
        "not UTF-8",
        "A text file, or its header, is not in UTF-8.",
        "save the file as UTF-8; for example: iconv -f latin1 -t utf-8 IN > OUT.",
    ),
    "DV008": Code(
        "too many columns",
        "A file has more columns than are accepted.",
        "check source.delimiter; give the model a table with the columns that it needs.",
    ),
    "DV009": Code(
        "field too long",
        "A field is longer than any value of a table should be.",
        "look for a quote that is never closed, or for a document put into a cell.",
    ),
    "DV010": Code(
        "quote never closed",
        "A quoted field runs to the end of the file and swallows the rows behind it.",
        "close the quote, or double it where it belongs to the text.",
    ),
    "DV011": Code(
        "unpacks to too much",
        "A compressed file becomes far larger than its size makes plausible, or larger than is accepted.",
        "check who wrote the file; store large tables as Parquet, a file a batch.",
    ),
    "DV012": Code(
        "broken compressed file",
        "A compressed file ends early or is damaged.",
        "copy or write the file again.",
    ),
    "DV013": Code(
        "file of another format",
        "A file is not what its ending or source.format says, or its structure is damaged.",
        "set source.format, or write the file again.",
    ),
    "DV014": Code(
        "Parquet file too large for its size",
        "By rows, columns and width in its footer, what is read of a Parquet file is more than 64 MB and more than "
        "1,000 times the file's size, "
        "or its texts are more than 8 GiB a column.",
        "check who wrote the file; write smaller row groups in the order of time, or a file a batch.",
    ),
    "DV015": Code(
        "too many rows",
        "The window has more rows than validation.max_rows.",
        "shorten time.batch, or raise validation.max_rows if the machine has the memory.",
    ),
    "DV016": Code(
        "column of a type that is not used",
        "A column holds lists, structures or bytes. It is left out.",
        "write its parts as columns of their own if the model needs them.",
    ),
    "DV017": Code(
        "files with different columns",
        "Files that make up the window do not have the same columns; missing ones have no value.",
        "check whether the producer changed the table.",
    ),
    "DV018": Code(
        "numbers with a decimal comma",
        "A column looks like numbers with a decimal comma, but source.decimal is a point: they would become texts.",
        "set source.decimal to ',', or name the column in source.text_columns if these are texts.",
    ),
    "DV019": Code(
        "no usable time column",
        "The time column is missing, or holds neither timestamps nor ISO 8601 texts.",
        "correct time.column; write moments as 2026-03-01T12:00:00Z.",
    ),
    "DV020": Code(
        "rows without a readable moment",
        "The moment of a row is missing or cannot be read. The row is put to the batch of the row before it in its "
        "file, where "
        "it is quarantined.",
        "write moments as 2026-03-01T12:00:00Z.",
    ),
    "DV021": Code(
        "moments that occur twice",
        "When clocks are set back an hour of local time occurs twice; the earlier one is assumed.",
        "write moments with their offset, or in UTC.",
    ),
    "DV022": Code(
        "rows outside the window",
        "The query gave rows outside the window that was asked for, so that batches would overlap or lose rows.",
        "write WHERE ts >= :start AND ts < :end, on the time column itself.",
    ),
    "DV023": Code(
        "query refused",
        "The query is not a single SELECT, or the database refused it.",
        "correct source.query; grant SELECT on its tables to the role of the connection.",
    ),
    "DV024": Code(
        "database without guards",
        "For this kind of database neither the time limit nor read-only access can be enforced from here.",
        "use a role that may only SELECT, with a time limit of its own.",
    ),
    # What a batch holds: found in its snapshot.
    "DV030": Code(
        "column missing",
        "A column that the model needs is not in the batch.",
        "restore the column at the source, or set required: false for it under validation.columns.",
    ),
    "DV031": Code(
        "new column",
        "The batch has a column that the model's first batch did not have. It is not used.",
        "nothing, or name it in features.columns.",
    ),
    "DV032": Code(
        "wrong type",
        "A value is not of its column's type. Its row is quarantined.",
        "correct the source; name what means 'no value' in source.null_values, and columns of texts that look like "
        "numbers in "
        "source.text_columns.",
    ),
    "DV033": Code(
        "number out of range",
        "A number is infinite or larger than a number can be. Its row is quarantined.",
        "correct the source: a division by zero or an overflow is likely.",
    ),
    "DV034": Code(
        "value missing",
        "A row has no value where it must have one. It is quarantined.",
        "correct the source, or set nullable: true for the column under validation.columns.",
    ),
    "DV035": Code(
        "too many values missing",
        "A larger share of rows has no value than max_null_share of the column.",
        "look for the cause at the source, or raise max_null_share.",
    ),
    "DV036": Code(
        "below the minimum",
        "A value is below the column's min. Its row is quarantined.",
        "correct the source, or the limit under validation.columns.",
    ),
    "DV037": Code(
        "above the maximum",
        "A value is above the column's max. Its row is quarantined.",
        "correct the source, or the limit under validation.columns.",
    ),
    "DV038": Code(
        "unknown category",
        "A value is not among the column's categories. Its row is quarantined.",
        "correct the source, or add the category under validation.columns.",
    ),
    "DV039": Code(
        "key twice",
        "Several rows have the same key. The first is kept, the others are quarantined.",
        "remove the duplicates at the source, or name the columns that make a row unique in key.",
    ),
    "DV040": Code(
        "row without a moment",
        "A row has no readable moment. It is quarantined.",
        "write moments as 2026-03-01T12:00:00Z.",
    ),
    "DV041": Code(
        "too few rows",
        "The batch has fewer rows than validation.min_rows.",
        "wait until the data is complete and run the window again, or lower validation.min_rows.",
    ),
    "DV042": Code(
        "unusual number of rows",
        "The number of rows lies outside volume_ratio times the median of the last batches.",
        "check whether the source was complete; it is only a warning.",
    ),
    "DV043": Code(
        "stale",
        "The newest row is older than validation.max_age at the end of the window.",
        "wait until the data is complete and run the window again.",
    ),
    "DV044": Code(
        "too many rows quarantined",
        "More rows were quarantined than validation.max_quarantined_share: the batch would no longer speak for its "
        "window.",
        "correct the source by the findings beside this one and run the window again, or raise the share.",
    ),
    "DV045": Code(
        "numbers and texts in one column",
        "A column of texts is made of numbers for the most part. It is used as categories.",
        "if it holds numbers, set type: number for it under validation.columns, and name what means 'no value' in "
        "source.null_values; if it holds texts, name it in source.text_columns.",
    ),
    "DV046": Code(
        "column without any value",
        "A column of the model has no value in the whole batch.",
        "check the source: a column that is always empty teaches nothing.",
    ),
}


def data_finding(
    code: str,
    severity: Severity,
    subject: str,
    *,
    seen: str,
    expected: str,
    rows: int = 0,
    remedy: str | None = None,
) -> Finding:
    """Build a finding of data validation; its remedy is the catalogue's unless a better one is at hand."""
    return Finding(
        code=code,
        severity=severity,
        subject=subject,
        seen=seen,
        expected=expected,
        remedy=DATA_VALIDATION[code].remedy if remedy is None else remedy,
        outcome=Outcome.FAILED if severity is Severity.ERROR else Outcome.WARNING,
        rows=rows,
    )
