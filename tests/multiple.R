# What mice 3 makes of its data set `nhanes`: imputations, and a linear model of each pooled by
# Rubin's rules. Rscript tests/multiple.R > tests/multiple.json
suppressMessages(library(mice))
imp <- mice(nhanes, m = 20, seed = 1, printFlag = FALSE)
pooled <- pool(with(imp, lm(chl ~ age + bmi)))$pooled
sets <- lapply(1:20, function(k) as.list(complete(imp, k)[c("age", "bmi", "chl")]))
json <- list(
  mice = as.character(packageVersion("mice")),
  term = c("Intercept", "age", "bmi"),
  estimate = pooled$estimate, within = pooled$ubar, between = pooled$b, total = pooled$t,
  data = sets
)
cat(jsonlite::toJSON(json, digits = 10, auto_unbox = TRUE), "\n")
