# What nlme (3.1) estimates, by maximum likelihood, with variance functions of the fitted mean and
# in strata: coefficients, sigma, the functions' parameters, log likelihood.
# Rscript variances.R > variances.json
suppressMessages(library(nlme))
sleep <- read.csv("../../../bayesmix/datasets/sleepstudy.csv")
sleep$day <- sleep$Days + 1
sleep$odd <- factor(sleep$Subject %% 2)
weights <- list(
  "varPower(~fitted(.))" = varPower(),
  "varExp(~fitted(.))" = varExp(),
  "varConstPower(~fitted(.))" = varConstPower(const = 1, power = 0.5),
  "varPower(~fitted(.) | odd)" = varPower(form = ~ fitted(.) | odd),
  "varConstPower(~day | odd)" = varConstPower(1, 0.5, form = ~ day | odd),
  "varComb(varIdent(~1 | odd), varPower(~fitted(.)))" =
    varComb(varIdent(form = ~ 1 | odd), varPower()),
  "varPower(~day | odd)" = varPower(form = ~ day | odd)
)
control <- glsControl(maxIter = 500, msMaxIter = 500, tolerance = 1e-10, opt = "optim")
written <- sapply(names(weights), function(name) {
  fit <- tryCatch(
    gls(Reaction ~ Days, sleep, weights = weights[[name]], method = "ML", control = control),
    error = function(e) NULL
  )
  if (is.null(fit)) return(NULL)
  found <- coef(fit$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)
  number <- function(x) paste(formatC(x, digits = 15), collapse = ", ")
  paste0("  \"", name, "\": {\"coef\": [", number(coef(fit)), "], \"sigma\": ",
         number(fit$sigma), ",\n    \"names\": [\"", paste(names(found), collapse = "\", \""),
         "\"], \"weights\": [", number(found), "],\n    \"logLik\": ", number(logLik(fit)), "}")
})
cat("{\n", paste(unlist(written), collapse = ",\n"), "\n}\n", sep = "")
