"""The datasets that come with the package."""

from __future__ import annotations

from types import MappingProxyType

from bayesmix.datasets.dataset import Category, Dataset

__all__ = ["DATASETS"]

_ALL = [
    Dataset(
        "cbpp",
        "Contagious bovine pleuropneumonia in 15 herds of zebu cattle in Ethiopia",
        {
            "herd": Category("herd"),
            "incidence": "new cases in the herd during the period, a count out of size",
            "size": "animals in the herd at the beginning of the period",
            "period": Category("period of observation", ("1", "2", "3", "4")),
        },
        "Lesnoff M, Laval G, Bonnet P, et al. (2004). Within-herd spread of contagious bovine "
        "pleuropneumonia in Ethiopian highlands. Preventive Veterinary Medicine 64, 27-40. "
        "As in R's lme4.",
    ),
    Dataset(
        "dll",
        "Legs of 1973 fruit flies of 27 lines, with and without a mutation of Distal-less",
        {
            "replicate": Category("replicate of the experiment"),
            "line": Category("iso-female line, the genetic background"),
            "genotype": Category("wild type or the Distal-less allele", ("wt", "Dll")),
            "temp": Category("rearing temperature, degrees Celsius", ("25", "30")),
            "femur": "length of the femur (unit not stated in the file); some missing",
            "tibia": "length of the tibia, as femur; some missing",
            "tarsus": "length of the basitarsus, as femur; some missing",
            "SCT": "teeth of the sex comb, a count; some missing",
        },
        "Dworkin I (2005). Evidence for canalization of Distal-less function in the leg of "
        "Drosophila melanogaster. Evolution & Development 7, 89-100. Archived at Dryad.",
    ),
    Dataset(
        "epilepsy",
        "Seizures of 59 patients before and during a trial of progabide",
        {
            "Age": "age, years",
            "Base": "seizures in the eight weeks before the trial",
            "Trt": Category("treatment: 0 placebo, 1 progabide", ("0", "1")),
            "patient": Category("patient"),
            "visit": Category("visit, one every two weeks", ("1", "2", "3", "4")),
            "count": "seizures in the two weeks before the visit",
            "obs": Category("row of the data, a group of its own"),
            "zAge": "Age, standardised over the rows",
            "zBase": "Base, standardised over the rows",
        },
        "Thall PF, Vail SC (1990). Some covariance models for longitudinal count data with "
        "overdispersion. Biometrics 46, 657-671. As in R's brms.",
    ),
    Dataset(
        "faithful",
        "Eruptions of the Old Faithful geyser, and the waiting times between them",
        {
            "eruptions": "how long the eruption took, minutes",
            "waiting": "time to the next one, minutes",
        },
        "Azzalini A, Bowman AW (1990). A look at some data on the Old Faithful geyser. Applied "
        "Statistics 39, 357-365. As in R's datasets.",
    ),
    Dataset(
        "gpa",
        "Grade point averages of 200 college students over six semesters (simulated)",
        {
            "student": Category("student"),
            "occas": Category(
                "semester in words",
                tuple(f"year {year} semester {half}" for year in (1, 2, 3) for half in (1, 2)),
                ordered=True,
            ),
            "gpa": "grade point average of the semester, points up to 4",
            "job": Category(
                "hours of paid work, as labelled", ("1 hour", "2 hours", "3 hours"), ordered=True
            ),
            "sex": Category("sex", ("female", "male")),
            "highgpa": "grade point average at high school, points up to 4",
            "admitted": Category(
                "admitted to the university of choice; 384 rows missing", ("no", "yes")
            ),
            "year": "year, 1 to 3",
            "semester": "semester of the year, 1 or 2",
            "occasion": "semesters since the first, 0 to 5",
        },
        "Hox JJ, Moerbeek M, van de Schoot R (2017). Multilevel Analysis, 3rd ed., Routledge, "
        "chapter 5.",
    ),
    Dataset(
        "hawaii",
        "Winter counts of three endangered waterbirds on islands of Hawaii, 1956 to 2003",
        {
            "Year": "year",
            "Stilt.Oahu": "stilts counted on Oahu; some missing",
            "Stilt.Maui": "stilts counted on Maui",
            "Coot.Oahu": "coots counted on Oahu; some missing",
            "Coot.Maui": "coots counted on Maui",
            "Moorhen.Kauai": "moorhens counted on Kauai; some missing",
            "Rainfall": "rainfall of the year (unit not stated in the file)",
        },
        "Reed JM, Elphick CS, Zuur AF, Ieno EN, Smith GM (2007). Time series analysis of Hawaiian "
        "waterbirds. In: Analysing Ecological Data, Springer. Zuur AF, et al. (2009). Mixed "
        "Effects Models and Extensions in Ecology with R, Springer, chapter 6.",
        note="In a formula, put names with a dot in backticks: `Moorhen.Kauai`.",
    ),
    Dataset(
        "inhaler",
        "How clear 286 patients found the leaflets of two inhalers, in a crossover trial",
        {
            "subject": Category("patient"),
            "rating": "clarity of the leaflet, a grade from 1 (clear) to 4 (not clear)",
            "treat": "the inhaler, as a contrast: -0.5 or 0.5",
            "period": "the period of the trial, as a contrast: -0.5 or 0.5",
            "carry": "what the inhaler of the period before may carry over: -1, 0 or 1",
        },
        "Ezzet F, Whitehead J (1991). A random effects model for ordinal responses from a "
        "crossover trial. Statistics in Medicine 10, 901-907. As in R's brms.",
    ),
    Dataset(
        "kidney",
        "Times to infection of 38 patients on portable dialysis, two for each",
        {
            "time": "time to infection or to censoring, days",
            "censored": "1 if the time is right-censored, else 0",
            "patient": Category("patient"),
            "recur": Category("first or second time of the patient", ("1", "2")),
            "age": "age, years",
            "sex": Category("sex", ("male", "female")),
            "disease": Category(
                "disease: glomerulonephritis, acute nephritis, polycystic kidney disease, other",
                ("other", "GN", "AN", "PKD"),
            ),
        },
        "McGilchrist CA, Aisbett CW (1991). Regression with frailty in survival analysis. "
        "Biometrics 47, 461-466. As in R's brms.",
    ),
    Dataset(
        "machines",
        "Productivity of six workers on three brands of machine, three times each",
        {
            "Worker": Category("worker"),
            "Machine": Category("brand of machine", ("A", "B", "C")),
            "score": "productivity score of quantity and quality",
        },
        "Milliken GA, Johnson DE (1992). Analysis of Messy Data, volume 1, Chapman & Hall. "
        "Pinheiro JC, Bates DM (2000). Mixed-Effects Models in S and S-PLUS, Springer.",
    ),
    Dataset(
        "orange",
        "Growth of the trunks of five orange trees, over four years",
        {
            "Tree": Category("tree"),
            "age": "days since 31 December 1968",
            "circumference": "of the trunk, mm",
        },
        "Draper NR, Smith H (1998). Applied Regression Analysis, 3rd ed., Wiley, exercise 24.N. As "
        "in R's datasets.",
    ),
    Dataset(
        "pastes",
        "Strength of a chemical paste: ten deliveries, three casks of each, two assays a cask",
        {
            "strength": "strength of the sample",
            "batch": Category("batch delivered"),
            "cask": Category("cask within the batch: cask a of A is another than cask a of B"),
        },
        "Davies OL, Goldsmith PL (eds., 1972). Statistical Methods in Research and Production, "
        "4th ed., Oliver and Boyd, section 6.5. As in R's lme4.",
    ),
    Dataset(
        "penicillin",
        "Potency of six samples of penicillin, each assayed on each of 24 plates",
        {
            "diameter": "diameter of the zone where the organism does not grow, mm",
            "plate": Category("assay plate"),
            "sample": Category("penicillin sample"),
        },
        "Davies OL, Goldsmith PL (eds., 1972). Statistical Methods in Research and Production, "
        "4th ed., Oliver and Boyd, section 6.6. As in R's lme4.",
    ),
    Dataset(
        "pupils",
        "Achievement of 1000 pupils, crossed by primary and secondary school (simulated)",
        {
            "pupil": Category("pupil"),
            "primary_school_id": Category("primary school that the pupil went to"),
            "secondary_school_id": Category("secondary school that the pupil goes to"),
            "achievement": "achievement at the secondary school, points up to 10",
            "sex": Category("sex", ("female", "male")),
            "ses": Category(
                "socioeconomic status",
                ("lowest", "2", "3", "4", "5", "highest"),
                ordered=True,
            ),
            "primary_denominational": Category("is the primary school?", ("no", "yes")),
            "secondary_denominational": Category("is the secondary school?", ("no", "yes")),
            "ses3": Category(
                "ses, merged: low is lowest to 3, mid is 4 and 5, high is highest",
                ("low", "mid", "high"),
                merges="ses",
                into={
                    **dict.fromkeys(("lowest", "2", "3"), "low"),
                    **dict.fromkeys(("4", "5"), "mid"),
                    "highest": "high",
                },
            ),
        },
        "Hox JJ, Moerbeek M, van de Schoot R (2017). Multilevel Analysis, 3rd ed., Routledge, "
        "chapter on cross-classified models.",
    ),
    Dataset(
        "sleepstudy",
        "Reaction times of 18 people over ten days, with three hours in bed a night",
        {
            "Reaction": "average reaction time of the day's tests, ms",
            "Days": "day of the study, 0 to 9",
            "Subject": Category("person"),
        },
        "Belenky G, Wesensten NJ, Thorne DR, et al. (2003). Patterns of performance degradation "
        "and restoration during sleep restriction and subsequent recovery: a sleep dose-response "
        "study. Journal of Sleep Research 12, 1-12. As in R's lme4.",
        note="Days 0 and 1 were training and 2 the baseline; the short nights began after day 2.",
    ),
    Dataset(
        "squid",
        "Testis weight and body length of 768 male squid, Loligo forbesi, through the year",
        {
            "Specimen": Category("label of the animal; 86 labels, so not one an animal"),
            "YEAR": "year, 1989 to 1991",
            "MONTH": Category("month", tuple(str(month) for month in range(1, 13))),
            "DML": "dorsal mantle length, mm",
            "Testisweight": "weight of the testis, g",
        },
        "Smith JM, Pierce GJ, Zuur AF, Boyle PR (2005). Seasonal patterns of investment in "
        "reproductive and somatic tissues in the squid Loligo forbesi. Aquatic Living Resources "
        "18, 341-351. Zuur AF, et al. (2009). Mixed Effects Models and Extensions in Ecology with "
        "R, Springer, chapter 4.",
    ),
    Dataset(
        "verbagg",
        "Whether 316 people would be verbally aggressive: 24 items, in four situations",
        {
            "y": "1 for yes or perhaps, 0 for no",
            "Anger": "trait anger, a score from 11 to 39",
            "Gender": Category("gender", ("F", "M")),
            "btype": Category("the behaviour", ("curse", "scold", "shout")),
            "situ": Category("who is to blame in the situation", ("other", "self")),
            "id": Category("person"),
            "item": Category("situation (S1 to S4), wanting or doing, behaviour"),
        },
        "De Boeck P, Wilson M (2004). Explanatory Item Response Models, Springer. As in R's lme4.",
    ),
]

DATASETS = MappingProxyType({dataset.name: dataset for dataset in _ALL})
