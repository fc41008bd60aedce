"""Every setting of the program, read once: command line over environment over pathlit.toml over these defaults."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from api.settings import ApiSettings
from indexing.encoding.settings import RaySettings
from indexing.entrez.eutils import NCBI_EUTILS
from indexing.figures.licences import OPEN_LICENCES
from indexing.figures.pmc_cloud import PMC_CLOUD
from pathlit.cluster_settings import ElasticsearchSettings
from retrieval.encoders.text import DEFAULT_MODEL
from retrieval.errors import ConfigurationError

SETTINGS_FILE = Path("pathlit.toml")
DEMO_EMAIL = "pathlit-demo@example.org"


class EntrezSettings(BaseModel, extra="forbid"):
    """How to reach NCBI's E-utilities."""

    email: str = Field(DEMO_EMAIL, description="Whom NCBI may write to about your requests.")
    api_key: SecretStr | None = Field(None, description="Raises NCBI's limit from 3 to 10 requests a second.")
    url: str = Field(NCBI_EUTILS, description="Base address; another one for a mirror or a test server.")


class RefreshSettings(BaseModel, extra="forbid"):
    """What `pathlit refresh` keeps up to date, and what holds it back."""

    bulk: str = Field(
        "", description="PubMed's baseline and update files: https://ftp.ncbi.nlm.nih.gov/pubmed/, a mirror, a folder."
    )
    queries: tuple[str, ...] = Field((), description="PubMed queries whose articles are kept up to date.")
    keep_downloads: bool = Field(False, description="Keep bulk files once they are in the catalog.")
    sweep_after_days: int = Field(
        30, ge=1, description="How often a query is asked in full, which finds articles that PubMed has deleted."
    )
    max_rejected: float = Field(0.01, ge=0, le=1, description="Share of unusable records in a file that is too many.")
    max_shrink: float = Field(0.1, ge=0, le=1, description="Share of published articles that may vanish at once.")


class FiguresSettings(BaseModel, extra="forbid"):
    """Which figures of open-access articles are kept, and where they come from."""

    licences: tuple[str, ...] = Field(
        OPEN_LICENCES, description="Licences whose figures are kept, such as CC BY or CC BY-NC, in any version."
    )
    url: str = Field(PMC_CLOUD, description="Base address of the PMC Cloud; another one for a mirror or a test server.")
    connections: int = Field(4, ge=1, le=16, description="Requests to the PMC Cloud at the same time.")


class LanguageModelSettings(BaseModel, extra="forbid"):
    """The language model that writes answers: any server that speaks OpenAI's protocol (vLLM, Ollama, llama.cpp)."""

    url: str = Field(
        "",
        description="Its base address, such as http://127.0.0.1:11434/v1; without one, answers quote the papers.",
    )
    model: str = Field("", description="The model's name there.")
    api_key: SecretStr | None = Field(None, description="Its key, where it asks for one.")
    context_tokens: int | None = Field(
        None, ge=512, description="Tokens that question and answer may have together; asked of the server where unset."
    )
    timeout_s: float = Field(120.0, gt=0, description="Seconds to wait for its next word.")
    longest_s: float = Field(300.0, gt=0, description="Seconds that a whole reply may take.")
    max_retries: int = Field(2, ge=0, le=10, description="How often a request is sent again that failed on its way.")


class Settings(BaseSettings):
    """Set each as PATHLIT_NAME in the environment (PATHLIT_API__PORT for nested ones) or in ./pathlit.toml."""

    model_config = SettingsConfigDict(
        env_prefix="PATHLIT_", env_nested_delimiter="__", toml_file=SETTINGS_FILE, extra="forbid"
    )

    home: Path = Field(Path("pathlit-home"), description="Folder of the catalog, the embeddings and the generations.")
    encoder: str = Field(
        DEFAULT_MODEL,
        description="A sentence-transformers model, by its name or its folder; or ncbi/MedCPT, two models: query/ and "
        "article/ of a folder.",
    )
    encoder_revision: str | None = Field(
        None, description="Commit of the model on the model hub; of two models QUERY+ARTICLE."
    )
    encoder_dimension: int | None = Field(
        None, description="Cuts vectors to so many numbers, of models trained for that (Matryoshka)."
    )
    accepted_licences: frozenset[str] = Field(
        frozenset(), description="Licences of non-commercial models that you accept."
    )
    keep_generations: int = Field(3, ge=1, description="How many generations stay for rollback.")
    lexical_weight: float = Field(
        0.45, ge=0, le=1, description="Weight of the lexical leg; the dense one has the rest."
    )
    reranker: str = Field(
        "learned",
        description='Who reads the best hits once more: "learned" (packaged), "none", a file of `pathlit train '
        'reranker`, or a cross-encoder by name or folder, such as "ncbi/MedCPT-Cross-Encoder".',
    )
    rerank_budget_s: float = Field(2.0, gt=0, description="Seconds for that; a query that needs more is not reranked.")
    image_encoder: str = Field(
        "",
        description='Lets images be asked with: "QuiltNet" (MIT), "PathCLIP", another of open_clip by name, file or '
        'folder, a folder of `pathlit train image-adapter`, or "demonstration" (packaged; knows drawings only).',
    )
    image_encoder_revision: str | None = Field(None, description="Its commit on the model hub.")
    image_encoder_sha256: str | None = Field(None, description="The SHA-256 that its weights must have.")
    verifier: str = Field(
        "learned",
        description='Who checks sentences against papers: "learned" (packaged), a file of `pathlit train verifier`, or '
        "an NLI or attribution cross-encoder by name or folder.",
    )
    abstention: Path | None = Field(None, description="A file of `pathlit train abstention` in place of pathlit's.")
    router: str = Field(
        "rules",
        description='Who decides which searches a question needs: "rules", or a file of `pathlit train router`.',
    )
    router_log: Path | None = Field(
        None, description="File to log routing to, for `pathlit train router`: features and rewards, never questions."
    )
    router_explore: float = Field(
        0.05, ge=0, le=1, description="With a log: share of questions routed at random, to learn from."
    )
    tools: Path | None = Field(
        None, description="TOML file of external image models that answers may call; deploy/tools.toml explains it."
    )
    concepts: Path | None = Field(None, description="Your own table of what images may show in place of pathlit's.")
    vocabulary: Path | None = Field(None, description="Your own file of synonyms in place of pathlit's.")
    mesh_descriptors: Path | None = Field(
        None,
        description="NLM's descriptor file (desc2026.xml, may be .gz): entry terms become synonyms, and a heading "
        "finds those below it. Of its ASCII tree (mtrees2026.bin) only the latter.",
    )
    stale_after_days: float = Field(7.0, gt=0, description="Age of the newest source from which an index is stale.")
    entrez: EntrezSettings = EntrezSettings()
    refresh: RefreshSettings = RefreshSettings()
    figures: FiguresSettings = FiguresSettings()
    ray: RaySettings = RaySettings()
    elasticsearch: ElasticsearchSettings = ElasticsearchSettings()
    llm: LanguageModelSettings = LanguageModelSettings()
    api: ApiSettings = ApiSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def read_settings(home: Path | None = None, *, ray: str | None = None) -> Settings:
    """The settings in force; arguments are what the command line said. ConfigurationError names what is at fault."""
    try:
        settings = Settings() if home is None else Settings(home=home)
        if ray is None:
            return settings
        return settings.model_copy(update={"ray": settings.ray.model_copy(update={"address": ray})})
    except ValidationError as exc:
        problem = exc.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in problem["loc"])
        raise ConfigurationError(
            f"the setting {name!r}: {problem['msg']} (from PATHLIT_* or {SETTINGS_FILE}; see `pathlit doctor --help`)"
        ) from exc
    except SettingsError as exc:
        # A value of the environment that should be JSON; pydantic's message names the field and never the value.
        field = re.search(r'field "(\w+)"', str(exc))
        name = field[1] if field else "?"
        raise ConfigurationError(
            f"a variable PATHLIT_{name.upper()}* in the environment is not JSON: lists and nested settings are written "
            f"""as in PATHLIT_API__API_KEYS='["first key", "second key"]'; correct or unset it"""
        ) from exc
    except (OSError, ValueError) as exc:
        raise ConfigurationError(f"{SETTINGS_FILE} cannot be read: {exc}") from exc
