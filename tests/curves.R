# Least squares of the self-starting models of R's stats, on the data of their help pages.
# Run in this folder: Rscript curves.R > curves.json
one <- function(f, d, x) {
  fit <- nls(f, d)
  s <- summary(fit)$coefficients
  y <- all.vars(f)[1]
  list(
    estimate = as.list(s[, 1]), error = as.list(s[, 2]), deviance = deviance(fit),
    data = setNames(lapply(c(y, x), function(n) as.numeric(d[[n]])), c(y, x))
  )
}
dnase <- subset(DNase, Run == 1)
dnase$logc <- log(dnase$conc)
cases <- list(
  SSlogis = one(density ~ SSlogis(logc, Asym, xmid, scal), dnase, "logc"),
  SSasymp = one(height ~ SSasymp(age, Asym, R0, lrc), subset(Loblolly, Seed == "301"), "age"),
  SSasympOff = one(uptake ~ SSasympOff(conc, Asym, lrc, c0), subset(CO2, Plant == "Qn1"), "conc"),
  SSasympOrig = one(height ~ SSasympOrig(age, Asym, lrc), subset(Loblolly, Seed == "301"), "age"),
  SSmicmen = one(rate ~ SSmicmen(conc, Vm, K), subset(Puromycin, state == "treated"), "conc"),
  SSgompertz = one(density ~ SSgompertz(logc, Asym, b2, b3), dnase, "logc"),
  SSweibull = one(
    weight ~ SSweibull(Time, Asym, Drop, lrc, pwr),
    subset(ChickWeight, Chick == "6" & Time > 0), "Time"
  ),
  SSfpl = one(weight ~ SSfpl(Time, A, B, xmid, scal), subset(ChickWeight, Chick == "1"), "Time"),
  SSbiexp = one(conc ~ SSbiexp(time, A1, lrc1, A2, lrc2), subset(Indometh, Subject == "1"), "time"),
  SSfol = one(
    conc ~ SSfol(Dose, Time, lKe, lKa, lCl), subset(Theoph, Subject == "1"), c("Dose", "Time")
  ),
  SSlogis_orange = one(circumference ~ SSlogis(age, Asym, xmid, scal), Orange, "age")
)
cat(jsonlite::toJSON(cases, digits = 10, auto_unbox = TRUE, pretty = FALSE), "\n")
