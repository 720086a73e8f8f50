"""The works that a report cites: how each stands in a sentence, and as BibTeX."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Work(NamedTuple):
    """A publication: how a sentence names it, its kind in BibTeX, and its fields there."""

    named: str
    kind: str
    fields: Mapping[str, str]


def _article(
    named: str, author: str, year: str, title: str, journal: str, volume: str, number: str, pages: str
) -> Work:
    fields = {"author": author, "title": title, "journal": journal, "year": year, "volume": volume}
    return Work(named, "article", fields | {"number": number, "pages": pages})


#: By their keys in BibTeX.
WORKS: dict[str, Work] = {
    "jaiswal2021best": Work(
        "Jaiswal and Mower Provost, 2021",
        "misc",
        {
            "author": "Jaiswal, Mimansa and Mower Provost, Emily",
            "title": "Best Practices for Noise-Based Augmentation to Improve the Performance of Deployable "
            "Speech-Based Emotion Recognition Systems",
            "year": "2021",
            "eprint": "2104.08806",
            "archiveprefix": "arXiv",
        },
    ),
    "bradley1994measuring": _article(
        "Bradley and Lang, 1994",
        "Bradley, Margaret M. and Lang, Peter J.",
        "1994",
        "Measuring Emotion: The Self-Assessment Manikin and the Semantic Differential",
        "Journal of Behavior Therapy and Experimental Psychiatry",
        "25",
        "1",
        "49--59",
    ),
    "rogan1978estimating": _article(
        "Rogan and Gladen, 1978",
        "Rogan, Walter J. and Gladen, Beth",
        "1978",
        "Estimating Prevalence from the Results of a Screening Test",
        "American Journal of Epidemiology",
        "107",
        "1",
        "71--76",
    ),
    "zou2008construction": _article(
        "Zou and Donner, 2008",
        "Zou, Guang Yong and Donner, Allan",
        "2008",
        "Construction of Confidence Limits about Effect Measures: A General Approach",
        "Statistics in Medicine",
        "27",
        "10",
        "1693--1702",
    ),
    "wilson1927probable": _article(
        "Wilson, 1927",
        "Wilson, Edwin B.",
        "1927",
        "Probable Inference, the Law of Succession, and Statistical Inference",
        "Journal of the American Statistical Association",
        "22",
        "158",
        "209--212",
    ),
    "wald1945sequential": _article(
        "Wald, 1945",
        "Wald, Abraham",
        "1945",
        "Sequential Tests of Statistical Hypotheses",
        "The Annals of Mathematical Statistics",
        "16",
        "2",
        "117--186",
    ),
    "wang2022false": _article(
        "Wang and Ramdas, 2022",
        "Wang, Ruodu and Ramdas, Aaditya",
        "2022",
        "False Discovery Rate Control with E-values",
        "Journal of the Royal Statistical Society: Series B",
        "84",
        "3",
        "822--852",
    ),
    "blanchard2009adaptive": Work(
        "Blanchard and Roquain, 2009",
        "article",
        {
            "author": "Blanchard, Gilles and Roquain, {\\'E}tienne",
            "title": "Adaptive False Discovery Rate Control under Independence and Dependence",
            "journal": "Journal of Machine Learning Research",
            "year": "2009",
            "volume": "10",
            "pages": "2837--2871",
        },
    ),
    "benjamini1995controlling": _article(
        "Benjamini and Hochberg, 1995",
        "Benjamini, Yoav and Hochberg, Yosef",
        "1995",
        "Controlling the False Discovery Rate: A Practical and Powerful Approach to Multiple Testing",
        "Journal of the Royal Statistical Society: Series B",
        "57",
        "1",
        "289--300",
    ),
    "holm1979simple": _article(
        "Holm, 1979",
        "Holm, Sture",
        "1979",
        "A Simple Sequentially Rejective Multiple Test Procedure",
        "Scandinavian Journal of Statistics",
        "6",
        "2",
        "65--70",
    ),
    "obrien1979multiple": _article(
        "O'Brien and Fleming, 1979",
        "O'Brien, Peter C. and Fleming, Thomas R.",
        "1979",
        "A Multiple Testing Procedure for Clinical Trials",
        "Biometrics",
        "35",
        "3",
        "549--556",
    ),
    "pocock1977group": _article(
        "Pocock, 1977",
        "Pocock, Stuart J.",
        "1977",
        "Group Sequential Methods in the Design and Analysis of Clinical Trials",
        "Biometrika",
        "64",
        "2",
        "191--199",
    ),
    "krippendorff2011computing": Work(
        "Krippendorff, 2011",
        "techreport",
        {
            "author": "Krippendorff, Klaus",
            "title": "Computing Krippendorff's Alpha-Reliability",
            "institution": "University of Pennsylvania, Annenberg School for Communication",
            "year": "2011",
        },
    ),
    "wilcoxon1945individual": _article(
        "Wilcoxon, 1945",
        "Wilcoxon, Frank",
        "1945",
        "Individual Comparisons by Ranking Methods",
        "Biometrics Bulletin",
        "1",
        "6",
        "80--83",
    ),
    "cameron2011robust": _article(
        "Cameron et al., 2011",
        "Cameron, A. Colin and Gelbach, Jonah B. and Miller, Douglas L.",
        "2011",
        "Robust Inference with Multiway Clustering",
        "Journal of Business and Economic Statistics",
        "29",
        "2",
        "238--249",
    ),
    "dawid1979maximum": _article(
        "Dawid and Skene, 1979",
        "Dawid, A. Philip and Skene, Allan M.",
        "1979",
        "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm",
        "Journal of the Royal Statistical Society: Series C",
        "28",
        "1",
        "20--28",
    ),
    "hovy2013learning": Work(
        "Hovy et al., 2013",
        "inproceedings",
        {
            "author": "Hovy, Dirk and Berg-Kirkpatrick, Taylor and Vaswani, Ashish and Hovy, Eduard",
            "title": "Learning Whom to Trust with MACE",
            "booktitle": "Proceedings of NAACL-HLT",
            "year": "2013",
            "pages": "1120--1130",
        },
    ),
}


def cited(*keys: str) -> str:
    """A citation to stand in a sentence.

    >>> cited("wilson1927probable")
    '(Wilson, 1927)'
    """
    return f"({'; '.join(WORKS[key].named for key in keys)})"


def bibtex(keys: Iterable[str]) -> str:
    """The works as BibTeX, in the order of their keys."""
    return "\n".join(_entry(key, WORKS[key]) for key in sorted(set(keys)))


def keys_in(text: str) -> list[str]:
    """The works that a text names."""
    return [key for key, work in WORKS.items() if work.named in text]


def _entry(key: str, work: Work) -> str:
    body = "".join(f"  {name} = {{{value}}},\n" for name, value in work.fields.items())
    return f"@{work.kind}{{{key},\n{body}}}\n"
