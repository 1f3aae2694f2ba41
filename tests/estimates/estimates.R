# Estimates of nlme, glmmTMB and mgcv, and Anselin's data of Columbus, for the tests beside this.
# Run in this folder: Rscript estimates.R > estimates.json
suppressMessages({library(nlme); library(glmmTMB); library(mgcv)})
read <- function(name) read.csv(file.path("..", "..", "bayesmix", "datasets", paste0(name, ".csv")))
natural <- function(s) if (is.null(s)) NULL else unname(coef(s, unconstrained = FALSE))
of_nlme <- function(m) list(
  logLik = as.numeric(logLik(m)),
  coef = unname(if (inherits(m, "lme")) fixef(m) else coef(m)),
  weights = natural(m$modelStruct$varStruct),
  cor = natural(m$modelStruct$corStruct),
  sd = if (inherits(m, "lme")) suppressWarnings(as.numeric(VarCorr(m)[, "StdDev"])) else NULL,
  sigma = m$sigma
)
g <- glsControl(maxIter = 500, msMaxIter = 500, tolerance = 1e-10, msTol = 1e-12)
l <- lmeControl(maxIter = 500, msMaxIter = 500, tolerance = 1e-10, msTol = 1e-12)
sleep <- read("sleepstudy")
followed <- function(fit, weights, data = sleep) {
  # nlme stops its turns between the mean and the scale early: some more of them.
  m <- fit(data, weights())
  for (i in 1:12) {
    data$mean <- as.numeric(fitted(m))
    m <- fit(data, weights(form = ~mean))
  }
  of_nlme(m)
}
marginal <- function(method) function(data, weights) {
  gls(Reaction ~ Days, data, weights = weights, method = method, control = g)
}
mixed <- function(method) function(data, weights) {
  lme(Reaction ~ Days, data, ~ 1 | Subject, weights = weights, method = method, control = l)
}
machines <- transform(read("machines"), Machine = factor(Machine), Worker = factor(Worker))
structured <- function(s) {
  m <- glmmTMB(as.formula(sprintf("score ~ Machine + %s(0 + Machine | Worker)", s)), machines)
  list(logLik = as.numeric(logLik(m)), coef = unname(fixef(m)$cond), df = attr(logLik(m), "df"))
}
seizures <- subset(read("epilepsy"), patient <= 30)
seizures <- transform(seizures, visit = factor(visit), patient = factor(patient))
latent <- glmmTMB(count ~ Trt + zBase + ar1(0 + visit | patient), seizures, poisson)
latent_of <- summary(latent)$varcor$cond$patient
turn <- follicles ~ sin(2 * pi * Time) + cos(2 * pi * Time)
data(oldcol, package = "spdep")
columbus <- with(COL.OLD, data.frame(CRIME, INC, HOVAL, NEIGNO))
columbus$neighbours <- sapply(COL.nb, function(k) paste(COL.OLD$NEIGNO[k], collapse = " "))
write.csv(columbus, "columbus.csv", row.names = FALSE, quote = FALSE)
regions <- factor(columbus$NEIGNO)
penalty <- diag(lengths(COL.nb))
for (i in seq_along(COL.nb)) penalty[i, COL.nb[[i]]] <- -1
dimnames(penalty) <- list(columbus$NEIGNO, columbus$NEIGNO)
twice <- transform(rbind(columbus, columbus), region = rep(regions, 2))
twice$y <- twice$CRIME + c(3, -3) * sin(seq_len(nrow(twice)))
twice$count <- round(twice$y / 2 + 2)
intrinsic <- function(formula, method, ...) {
  m <- gam(formula, data = twice, method = method, control = gam.control(epsilon = 1e-10), ...)
  s <- m$smooth[[1]]
  list(coef = unname(coef(m)[1:2]), variance = unname(m$sig2 * s$S.scale / m$sp), sigma2 = m$sig2,
    logLik = -as.numeric(m$gcv.ubre))
}
cases <- list(
  gls_power = followed(marginal("REML"), varPower),
  gls_power_ml = followed(marginal("ML"), varPower),
  gls_exp = followed(marginal("REML"), varExp),
  lme_power = followed(mixed("REML"), varPower),
  lme_power_ml = followed(mixed("ML"), varPower),
  ovary = of_nlme(lme(turn, Ovary, list(Mare = pdDiag(~ sin(2 * pi * Time))), correlation = corAR1(), control = l)),
  ovary_arma11 = of_nlme(lme(turn, Ovary, list(Mare = pdDiag(~ sin(2 * pi * Time))), correlation = corARMA(p = 1, q = 1), control = l)),
  ovary_ar2 = of_nlme(gls(turn, Ovary, correlation = corARMA(form = ~ 1 | Mare, p = 2, q = 0), control = g)),
  ovary_arma21 = of_nlme(gls(turn, Ovary, correlation = corARMA(form = ~ 1 | Mare, p = 2, q = 1), control = g)),
  ovary_ma2 = of_nlme(gls(turn, Ovary, correlation = corARMA(form = ~ 1 | Mare, p = 0, q = 2), control = g)),
  homcs = of_nlme(lme(score ~ Machine, machines, list(Worker = pdCompSymm(~ 0 + Machine)), method = "ML", control = l)),
  homdiag = of_nlme(lme(score ~ Machine, machines, list(Worker = pdIdent(~ 0 + Machine)), method = "ML", control = l)),
  ar1 = structured("ar1"), cs = structured("cs"), diag = structured("diag"), toep = structured("toep"),
  latent_ar1 = list(
    logLik = as.numeric(logLik(latent)), coef = unname(fixef(latent)$cond),
    sd = attr(latent_of, "stddev")[[1]], cor = attr(latent_of, "correlation")[1, 2]
  ),
  squid_constpower = of_nlme(gls(
    Testisweight ~ DML * factor(MONTH), read("squid"),
    weights = varConstPower(const = 18500, power = 2.1, form = ~DML), control = g
  )),
  icar = intrinsic(y ~ INC + s(region, bs = "mrf", xt = list(penalty = penalty)), "REML"),
  icar_poisson = intrinsic(count ~ INC + s(region, bs = "mrf", xt = list(penalty = penalty)), "ML", family = poisson)
)
cat(jsonlite::toJSON(cases, digits = 10, auto_unbox = TRUE, null = "null"), "\n")
