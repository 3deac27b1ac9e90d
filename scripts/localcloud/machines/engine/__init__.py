"""The stand-in engine: vLLM's and SGLang's command lines, routes and manners without a model; standard library only."""
