"""Public data resources (公共数据资源): the catalogue of what source departments hold."""
