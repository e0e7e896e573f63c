// Assets that the built library ships beside its code (filled in by the notebook display).
