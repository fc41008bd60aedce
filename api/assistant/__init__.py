"""The assistant's doors: one definition of each tool, served as MCP, as OpenAI functions, as chat and as plain text."""
