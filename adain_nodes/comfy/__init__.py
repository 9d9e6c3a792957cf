"""The nodes for ComfyUI: thin shells over the core and the pipeline, in the host's V3 schema."""
