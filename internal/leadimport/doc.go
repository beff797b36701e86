// Package leadimport reads people from a file, CSV or JSON, and has them kept in one transaction.
//
// # How it runs
//
// [Run] reads the file once, as it arrives: it splits it into rows, finds out which column is which ([Columns]), checks
// each row, and writes the good ones to a temporary file (they are gone with the process). Only when the last byte has
// arrived does the transaction begin, so that a slow client holds no lock and blocks no booking. Neither the file nor the
// rows are ever in memory as a whole; what is, is one number of 15 digits for each row, to find duplicates, and a bounded
// report.
//
// # What is forgiven
//
// Files come from spreadsheets, exports and people. A byte order mark, UTF-16 as Excel writes it, Windows and old Mac line
// ends, semicolons, tabs and bars for commas, quotes in the middle of a cell, missing and surplus empty cells at the end of
// a row, empty rows, and the apostrophe that spreadsheets and our own export put before a formula are taken as they are meant.
//
// A quote that is opened and never closed would make the rest of the file one cell. A quoted cell may run over [MaxLines]
// lines and [MaxRow] bytes; where it does not end by then, only the line that opened it is bad, and reading goes on with
// the next.
//
// A row that cannot be understood is reported with its number, column and reason, and does not keep the others from
// being imported. A file in which no column can be the phone number is refused as a whole.
//
// # What it never does
//
// It decides nothing about people: that is package lead. It contacts nobody, and does not log what is in a file.
package leadimport
