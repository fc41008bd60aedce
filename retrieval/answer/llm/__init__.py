"""Language models: what an answer needs of one, and the client for any server that speaks OpenAI's protocol."""
