"""PubMed by query: NCBI's E-utilities, asked politely and to the end."""
