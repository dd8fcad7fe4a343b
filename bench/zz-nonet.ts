import { ModelFactory } from "modelwright";
import OpenAI from "openai";
const bodyText=JSON.stringify({ id: "c1", object: "chat.completion", created: 1, model: "gpt-4o-mini", choices: [{ index: 0, message: { role: "assistant", content: "token ".repeat(300), refusal: null }, logprobs: null, finish_reason: "stop" }], usage: { prompt_tokens: 10, completion_tokens: 300, total_tokens: 310 } });
const headers=new Headers({"content-type":"application/json"});
const make=()=>({status:200,ok:true,url:"http://127.0.0.1:1/v1",headers,text:async()=>bodyText,json:async()=>JSON.parse(bodyText),cancel(){},messages(){throw 1}});
const transport={async fetch(_u:unknown,init:any){const r=make(); if(init.exchange){init.exchange.response=r;init.exchange.sent=true;} return r as never;},async close(){}};
const factory=ModelFactory.parse(`[models.a]\nname='gpt-4o-mini'\nprovider='openai'\napi_key='x'\nbase_url='http://127.0.0.1:1/v1'`,{transport});const m=factory.get('a');
const sdk=new OpenAI({apiKey:"x",baseURL:"http://127.0.0.1:1/v1",maxRetries:0,fetch:transport.fetch as never});
const works:Record<string,()=>Promise<unknown>>={ours:()=>m.codegen('Say token'), sdk: async()=>{const r=await sdk.chat.completions.create({model:"gpt-4o-mini",messages:[{role:"user",content:"Say token"}]}).asResponse(); JSON.parse(await r.text())}};
for(let i=0;i<5;i++) for (const [n,w] of Object.entries(works)) {const c=process.cpuUsage(); for(let j=0;j<4000;j++) await w(); const u=process.cpuUsage(c); console.log(n,((u.user+u.system)/4000).toFixed(1));}
await factory.close();
