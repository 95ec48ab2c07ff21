"""Tool annotations: what a client may assume about a tool before it lets a model call it."""

READ_ONLY = {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False}

# The defaults of the specification (schema, ToolAnnotations), said aloud: not every client assumes the worst.
ASSUMED = {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": False, "openWorldHint": True}
