"""The same checkpoints as transformers models (torch): the reference that fixtures come from.

The weights are those that numpy_model reads (a GGUF's blocks dequantised to float32), so that a
difference between the program and this is one of arithmetic, not of weights.
"""

import torch
import transformers

import numpy_model


def build(config, weights, dtype=torch.float32):
    """transformers model in eval mode, attention written out (no fused kernel)."""
    classes = {"LlamaForCausalLM": "LlamaConfig", "MistralForCausalLM": "MistralConfig"}
    arch = config["architectures"][0]
    if "rope_divisors" in config:
        raise ValueError("a GGUF's rope_freqs are not handled here")
    known = {k: v for k, v in config.items() if k not in ("architectures", "model_type")}
    cfg = getattr(transformers, classes[arch])(**known)
    cfg._attn_implementation = "eager"
    model = getattr(transformers, arch)(cfg).to(dtype)
    state = {name: torch.from_numpy(value.copy()).to(dtype) for name, value in weights.items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or [name for name in missing if name != "lm_head.weight"]:
        raise ValueError(f"missing {missing}, unexpected {unexpected}")
    if "lm_head.weight" in missing:
        model.tie_weights()
    return model.eval()


def open_model(path, dtype=torch.float32):
    return build(*numpy_model.read_checkpoint(path), dtype=dtype)
