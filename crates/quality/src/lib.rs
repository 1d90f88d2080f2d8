//! Checks to findings, findings to dimensions, dimensions to a receipt.
