export const style = `:host{display:block;max-width:420px;--c:var(--tenon-color,#3858e0);font:15px/1.5 system-ui,"PingFang SC","Microsoft YaHei UI",sans-serif;color:CanvasText}
[hidden]{display:none!important}
*{box-sizing:border-box;margin:0}
.b{display:grid;gap:14px;padding:24px;border:1px solid #8884;border-radius:14px;background:Canvas}
h2{font-size:19px}
label{display:block;font-weight:500}
small{opacity:.75;font-size:13px;font-weight:400}
input,textarea{width:100%;min-height:44px;margin-top:4px;padding:9px 12px;border:1px solid #8a8d98;border-radius:8px;background:0 0;color:inherit;font:inherit}
textarea{min-height:84px;resize:vertical}
[aria-invalid]{border-color:#d8453c}
:focus-visible{outline:3px solid var(--c);outline-offset:1px}
.c{display:grid;grid-template-columns:auto 1fr;gap:10px;align-items:start;font-weight:400}
.c input{width:20px;min-height:20px;height:20px;margin-top:2px;accent-color:var(--c)}
button{min-height:46px;border:0;border-radius:8px;background:var(--c);color:#fff;font:inherit;font-weight:600;cursor:pointer}
button:disabled{opacity:.6}
.q{background:#8883;color:inherit}
.e{padding-left:8px;border-left:3px solid #d8453c;font-size:14px}
.h{position:absolute;left:-9999px}
code{font-size:13px;overflow-wrap:anywhere}`
