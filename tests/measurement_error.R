# Models with measurement error: what brms computes from draws that have the true values with them.
# Run in this folder: Rscript measurement_error.R; it writes reference/g_me_slopes and g_me_groups.
suppressMessages(library(brms))
draws_kept <- 8
digits <- function(x) format(x, digits = 12, trim = TRUE, scientific = FALSE)
write_in <- function(folder) function(name, table) {
  table[] <- lapply(table, function(x) if (is.numeric(x)) digits(x) else as.character(x))
  write.csv(table, file.path("reference", folder, paste0(name, ".csv")), row.names = FALSE)
}
long <- function(array, names) {
  table <- as.data.frame.table(array, stringsAsFactors = FALSE)
  setNames(table, names)
}
text <- function(x) jsonlite::toJSON(x, auto_unbox = TRUE, null = "null", pretty = TRUE, digits = NA)

case <- function(name, formula, spelt, family, data, priors = NULL, given = list()) {
  folder <- file.path("reference", name)
  dir.create(folder, showWarnings = FALSE)
  write <- write_in(name)
  code <- make_stancode(formula, data, family, priors)
  stan <- rstan::sampling(
    rstan::stan_model(model_code = code), make_standata(formula, data, family, priors),
    chains = 1, iter = 150 + draws_kept, warmup = 150, seed = 1, refresh = 0
  )
  fit <- brm(formula, data, family, priors, empty = TRUE,
    save_pars = save_pars(all = TRUE, latent = TRUE))
  fit$fit <- stan
  fit <- rename_pars(fit)
  raw <- as.data.frame(stan)
  draws <- as.data.frame(posterior::as_draws_df(fit))
  unnamed <- "^(z|L|zme|Lme)_[0-9]+\\["
  own <- draws[!grepl(paste0("^\\.|^(Cor|Corme)_|^Xme[0-9]|^r_[0-9]|", unnamed), names(draws))]
  write("draws", cbind(own, raw[grepl(unnamed, names(raw))]))
  write("data", data)
  write("log_lik", as.data.frame(log_lik(fit)))
  density <- sapply(seq_len(draws_kept), function(i) {
    at <- rstan::unconstrain_pars(stan, one_draw(stan, unlist(raw[i, ])))
    rstan::log_prob(stan, at, adjust_transform = FALSE)
  })
  write("log_density", data.frame(log_density = density))
  for (what in c("all", "none")) {
    re <- if (what == "all") NULL else NA
    linpred <- posterior_linpred(fit, re_formula = re)[, 1:40]
    epred <- posterior_epred(fit, re_formula = re)[, 1:40]
    write(paste0("linpred__train__", what), as.data.frame(linpred))
    write(paste0("epred__train__", what), as.data.frame(epred))
  }
  table <- as.data.frame(fixef(fit))
  write("fixef", cbind(name = rownames(table), table))
  for (g in names(ranef(fit))) {
    write(paste0("ranef__", g), long(ranef(fit)[[g]], c("level", "stat", "coef", "value")))
    write(paste0("coef__", g), long(coef(fit)[[g]], c("level", "stat", "coef", "value")))
  }
  vc <- VarCorr(fit)
  for (g in names(vc)) {
    table <- as.data.frame(vc[[g]]$sd)
    named <- if (g == "residual__") "" else rownames(table)
    write(paste0("varcorr_sd__", g), cbind(name = named, table))
    for (kind in c("cor", "cov")) {
      if (!is.null(vc[[g]][[kind]])) {
        write(
          paste0("varcorr_", kind, "__", g),
          long(vc[[g]][[kind]], c("row", "stat", "col", "value"))
        )
      }
    }
  }
  columns <- c("prior", "class", "coef", "group", "resp", "dpar", "nlpar", "lb", "ub")
  write("default_prior", as.data.frame(get_prior(formula, data, family))[columns])
  write("prior_summary", as.data.frame(prior_summary(fit))[c(columns, "source")])
  about <- lapply(data, function(x) {
    list(class = class(x)[1], levels = if (is.factor(x)) levels(x), ordered = is.ordered(x))
  })
  meta <- list(case = name, formula = paste(deparse(formula$formula), collapse = ""),
    bayesmix = spelt, family = family[c("family", "link")], columns = about,
    brms = as.character(packageVersion("brms")))
  writeLines(text(meta), file.path(folder, "meta.json"))
  spec <- list(formula = spelt, family = list(name = family$family, link = family$link),
    re_formula = list(all = "None", none = "NA"), prior = given)
  writeLines(text(spec), file.path(folder, "spec.json"))
}

# One draw as the list that rstan takes.
one_draw <- function(fit, values) {
  dims <- fit@par_dims
  own <- lapply(names(dims), function(p) {
    d <- dims[[p]]
    found <- values[names(values) == p | startsWith(names(values), paste0(p, "["))]
    if (length(d)) array(unname(found), d) else unname(found)
  })
  setNames(own, names(dims))
}

set.seed(20)
n <- 60
x <- rnorm(n, 1)
w <- 0.6 * x + rnorm(n)
g <- rep(sprintf("g%02d", 1:12), each = 5)
z <- round(rnorm(n), 3)
true_u <- rnorm(12)
true_v <- rnorm(12, 2)
slopes <- data.frame(
  g = factor(g), z = z, sdx = round(runif(n, 0.2, 0.6), 3)
)
slopes$x <- round(x + rnorm(n, sd = slopes$sdx), 3)
slopes$w <- round(w + rnorm(n, sd = 0.3), 3)
at <- as.integer(slopes$g)
slopes$y <- round(1 + x + 0.5 * w + 0.3 * x * z + rnorm(12)[at] + rnorm(n, sd = exp(-0.5 + 0.2 * w)), 3)
case(
  "g_me_slopes",
  bf(y ~ me(x, sdx) * z + me(w, 0.3) + (1 + me(x, sdx) | g), sigma ~ me(w, 0.3)),
  'bf("y ~ me(x, sdx) * z + me(w, 0.3) + (1 + me(x, sdx) | g)", sigma="me(w, 0.3)")',
  gaussian(), slopes,
  c(
    set_prior("normal(1, 2)", "meanme", coef = "mex"), set_prior("exponential(1)", "sdme"),
    set_prior("lkj(2)", "corme"), set_prior("normal(0, 3)", "b", coef = "mexsdx")
  ),
  list(
    list(prior = "normal(1, 2)", class = "meanme", coef = "mex"),
    list(prior = "exponential(1)", class = "sdme"), list(prior = "lkj(2)", class = "corme"),
    list(prior = "normal(0, 3)", class = "b", coef = "mexsdx")
  )
)
groups <- data.frame(g = factor(g), z = z, x = slopes$x)
groups$sdu <- round(runif(12, 0.2, 0.5), 3)[at]
groups$u <- round(true_u + rnorm(12, sd = 0.3), 3)[at]
groups$v <- round(true_v + rnorm(12, sd = 0.4), 3)[at]
groups$y <- rpois(n, exp(0.5 + 0.4 * true_u[at] + 0.2 * z + 0.2 * x))
case(
  "g_me_groups",
  bf(y ~ z + me(u, sdu, gr = g) * me(v, 0.4, gr = g) + me(x, 0.5) + (1 | g)),
  "y ~ z + me(u, sdu, gr=g) * me(v, 0.4, gr=g) + me(x, 0.5) + (1 | g)",
  poisson(), groups
)
