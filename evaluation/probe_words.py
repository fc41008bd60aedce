"""Words that answer probes are made of: subjects outside medicine, subjects of medicine that few libraries hold."""

from __future__ import annotations

from typing import Final

ELSEWHERE: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (
        "What is the capital of {}?",
        ("France", "Peru", "Mongolia", "Kenya", "Portugal", "Uruguay", "Laos"),
    ),
    ("Who won the football world cup in {}?", ("1974", "1990", "2002", "2014", "2018")),
    ("How do I bake {}?", ("sourdough bread", "a cheesecake", "cinnamon rolls", "a lemon tart", "pretzels")),
    ("How do I sort a list in {}?", ("Python", "Rust", "Haskell", "JavaScript", "Fortran")),
    ("Who painted {}?", ("The Night Watch", "Guernica", "Las Meninas", "The Starry Night", "The Birth of Venus")),
    ("Who composed {}?", ("The Magic Flute", "Carmen", "the Brandenburg concertos", "Rhapsody in Blue", "Aida")),
    ("How far is {} from the sun?", ("Mars", "Neptune", "Saturn", "Venus", "the dwarf planet Ceres")),
    ("What is the exchange rate of the {}?", ("yen", "Swiss franc", "Mexican peso", "Indian rupee", "krona")),
    ("Which bus goes from the station to {}?", ("the airport", "the castle", "the harbour", "the old town hall")),
    ("Summarise the plot of {}.", ("Hamlet", "Moby-Dick", "Don Quixote", "The Odyssey", "Pride and Prejudice")),
    ("What are the rules of {}?", ("chess", "cricket", "poker", "curling", "badminton", "bridge")),
    ("How is {} refined?", ("crude oil", "copper ore", "cane sugar", "aluminium")),
    ("When was {} built?", ("the Eiffel Tower", "the Panama Canal", "the Great Wall of China", "Machu Picchu")),
    ("How do I change {} of a bicycle?", ("the tyre", "the chain", "the brake pads", "the saddle")),
    ("Which tax rate applies to {}?", ("capital gains", "imported cars", "a second home", "book sales")),
    ("Will {} rise next year?", ("house prices", "the price of gold", "interest rates", "petrol prices")),
    ("Does {} improve the fuel economy of trucks?", ("platooning", "a spoiler", "lower tyre pressure", "biodiesel")),
    ("Is {} significantly stronger than plain concrete?", ("fibre reinforced concrete", "granite", "brick masonry")),
    ("How many people speak {}?", ("Basque", "Swahili", "Icelandic", "Tagalog", "Quechua")),
    ("What caused {}?", ("the fall of Rome", "the French Revolution", "the stock market crash of 1929")),
    ("How does {} affect crop yield?", ("crop rotation", "early sowing", "drip irrigation", "no-till farming")),
    ("Are {} better than steam locomotives?", ("diesel locomotives", "electric locomotives", "mule trains")),
)
"""Questions, each with what may stand in it."""

SUBJECTS: Final = (
    "kuru", "noma", "yaws", "mycetoma", "loiasis", "dracunculiasis", "tungiasis", "trench foot", "konzo", "lathyrism",
    "pinta", "ainhum", "tick paralysis", "ciguatera", "scombroid poisoning", "lassa fever", "oropouche fever",
    "kyasanur forest disease", "nipah virus", "hendra virus", "monkeypox", "marburg virus", "rift valley fever",
    "melioidosis", "tularemia", "glanders", "anthrax vaccine", "ricin", "novichok", "decompression illness",
    "high altitude cerebral edema", "space motion sickness", "laminitis", "equine colic", "canine distemper",
    "feline leukemia virus", "bluetongue", "colony collapse disorder", "white-nose syndrome", "avian botulism",
    "chronic wasting disease", "scrapie", "foot-and-mouth disease", "rinderpest", "dental fluorosis", "bruxism",
    "tooth whitening", "hypnobirthing", "cupping therapy", "iridology", "moxibustion", "cryotherapy chambers",
    "fecal incontinence implants", "penile transplantation", "uterus transplantation", "face transplantation",
    "hand transplantation", "xenotransplantation", "cochlear nucleus implant", "retinal prosthesis", "phage therapy",
    "maggot therapy", "ibogaine", "ayahuasca", "psilocybin", "kratom", "krokodil", "betel quid", "khat", "snus",
    "alien hand syndrome", "cotard delusion", "capgras delusion", "foreign accent syndrome", "stiff person syndrome",
    "kleine-levin syndrome", "exploding head syndrome", "misophonia", "aphantasia", "prosopagnosia", "synesthesia",
    "fatal familial insomnia", "progeria", "fibrodysplasia ossificans progressiva", "epidermodysplasia verruciformis",
    "harlequin ichthyosis", "alkaptonuria", "trimethylaminuria", "hereditary tyrosinemia", "maple syrup urine disease",
    "methemoglobinemia", "argyria", "chrysiasis", "selenosis", "pellagra", "beriberi", "scurvy", "pica",
    "geophagia", "rumination syndrome",
)  # fmt: skip
"""Asked about only where no article of the library names them."""

ABOUT_SUBJECTS: Final = (
    "What is the best treatment of {}?",
    "How common is {}?",
    "Does early diagnosis improve the outcome of {}?",
    "Which factors are associated with {}?",
    "What is known about the mechanism of {}?",
)

ABOUT_INVENTED_DRUGS: Final = (
    "Does {name} improve survival in {entity}?",
    "Is {name} safe and effective in patients with {entity}?",
    "What dose of {name} is recommended for {entity}?",
    "{name} versus placebo: progression-free survival in {entity}",
)
ABOUT_INVENTED_GENES: Final = (
    "Is {name} expression associated with prognosis in {entity}?",
    "Do mutations of {name} cause {entity}?",
    "What is the sensitivity of {name} immunohistochemistry for {entity}?",
    "{name} in {entity}",
)
ONSETS: Final = ("zor", "vel", "quix", "dra", "plo", "tri", "mav", "sel", "bex", "olv", "nir", "kap", "fex", "ulo")
MIDDLES: Final = ("la", "ti", "po", "ve", "xa", "ri", "mo", "du", "ke", "so")
DRUG_ENDINGS: Final = ("tinib", "zumab", "stat", "pril", "mycin", "sartan", "ciclib", "parib", "gliptin", "vir")
GENE_LETTERS: Final = "BCDFGHKLMNPQRTVWXZ"
