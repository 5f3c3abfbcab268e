"""Transformers without banners and progress bars."""

import warnings

import transformers


def silence_transformers() -> None:
    """No banners and no bars but ours."""
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    warnings.filterwarnings(  # peft 0.21 asks for it
        "ignore", message=".is_gradient_checkpointing. is deprecated", category=FutureWarning
    )
