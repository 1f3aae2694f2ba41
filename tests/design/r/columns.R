# What R's model.matrix makes of the formulas in formulas.txt on data.csv: for each a line with the
# columns' names, and for each column the sum of its products with row numbers.
# Rscript columns.R > columns.tsv
data <- read.csv("data.csv")
for (name in c("a", "b", "h", "k")) data[[name]] <- factor(data[[name]])
for (text in readLines("formulas.txt")) {
  columns <- tryCatch(model.matrix(as.formula(text), data), error = function(e) NULL)
  if (is.null(columns) || ncol(columns) > 40) next
  sums <- colSums(columns * seq_len(nrow(data)))
  cat(text, "\t", paste(colnames(columns), collapse = " "), "\t",
      paste(formatC(sums, digits = 15), collapse = " "), "\n", sep = "")
}
