"""Service agreements (平台服务协议、开发利用协议) between an operating institution and its data merchants."""
