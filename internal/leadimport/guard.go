package leadimport

import "strings"

// formulaStarts are the characters with which a spreadsheet takes a cell for a formula, and runs it.
const formulaStarts = "=+-@\t\r"

// Guard makes a cell harmless for spreadsheets: an apostrophe is put before what they would take for a formula. Numbers in
// E.164 form need no guard: they are digits behind a plus, which calculates to themselves.
func Guard(cell string) string {
	if cell != "" && strings.ContainsRune(formulaStarts, rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// unguard takes the apostrophe away again.
func unguard(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && strings.ContainsRune(formulaStarts, rune(cell[1])) {
		return cell[1:]
	}
	return cell
}
